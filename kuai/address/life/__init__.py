"""The life of the library, pure: what an event does, how the log folds, where an old code leads."""
