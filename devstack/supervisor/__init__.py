"""`make run`: starts what a working Halle needs, shows its logs, and stops it all together."""
