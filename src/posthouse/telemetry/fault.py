"""What may be told of an exception: its kind and where it was raised, never its words, which may quote a message."""


def fault(error: BaseException) -> str:
    """`KeyError at /…/attempt.py:97`"""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{where}"
