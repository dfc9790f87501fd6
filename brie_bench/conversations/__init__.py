"""Floor 3: authored conversations, from a pile of chats to training data one can defend."""
