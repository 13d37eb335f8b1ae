"""The speed of this machine, measured: Posthouse beside a bare loop of the same steps, in the same run."""
