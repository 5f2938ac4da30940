"""Azure Table storage by hand: what is on the path of every message costs a tenth of the official SDK's CPU time."""
