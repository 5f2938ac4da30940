"""Who is here, who is told that somebody comes or goes, and which rooms a user is in."""
