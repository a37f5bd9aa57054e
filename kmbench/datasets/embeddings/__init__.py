"""Vectors as people have them: columns of lists or texts, JSON lines, word vectors, weights of models, folders."""
