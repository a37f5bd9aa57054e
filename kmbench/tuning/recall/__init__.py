"""The recall of every nprobe: the one pass, codes, intervals."""
