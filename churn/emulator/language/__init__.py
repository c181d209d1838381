"""What SQL looks like: names, texts, options, syntax. No session, no state."""
