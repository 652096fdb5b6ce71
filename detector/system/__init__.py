"""What is asked of the operating system: files that appear whole, processes, memory. Nothing here knows of pictures."""
