"""Fuzzing: whatever the bytes, our own error or an answer, soon and in little memory."""
