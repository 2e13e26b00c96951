"""What comes back: how today's customers differ from those a model learned from."""
