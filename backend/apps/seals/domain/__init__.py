"""封存 in pure functions: hash tree, signed note, SM2, commitments. No clock, no random number, no file, no database."""
