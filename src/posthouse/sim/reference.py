"""micromailer's rule, said in the words of this router: what its own simulation ran, to compare with.

Providers are asked in the order of their scores (base, times 0.9 for a failure, a tenth of the way back for a success,
linear return within 300 s), the next one at once where one fails. No circuit ever opens, nobody is distrusted, and
nobody is probed but by messages.
"""

import msgspec

from posthouse.routing.rules import BreakerRules, Rules, ScoreRules

NEVER = 10**9


def micromailer(rules: Rules) -> Rules:
    """The same providers under micromailer's rule."""
    never = BreakerRules(failures=NEVER, min_calls=NEVER, refusals=0, health=0.0, traffic=True)
    return msgspec.structs.replace(rules, strategy="score", breaker=never, failover=None, scoring=ScoreRules())
