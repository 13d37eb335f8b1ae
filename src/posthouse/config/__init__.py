"""The configuration: what an operator wants, read whole and checked whole before any of it counts.

`load` answers with a Config that passed every check, or with every Problem; nothing in between exists. What an
entry may be is described in `schema`, a pool in `pool`; secrets are held as `Secret`, API keys only as their SHA-256.
"""

from posthouse.config.load import load
from posthouse.config.problem import Problem
from posthouse.config.schema import Config

__all__ = ["Config", "Problem", "load"]
