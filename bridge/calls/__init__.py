"""Every call to the vendor passes here: quota, lanes, the journal, and who owns a shard."""
