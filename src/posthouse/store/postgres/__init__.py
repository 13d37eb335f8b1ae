"""The dialect for many processes on many machines: one database, a few connections each."""
