"""Type-ahead over the library: characters, pinyin, initials and mixtures of them. Pure; only the library is in it."""
