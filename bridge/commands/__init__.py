"""Commands that others publish, from the record in the command topic to the result's record."""
