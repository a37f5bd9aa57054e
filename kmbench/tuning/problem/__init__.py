"""What is asked: the data, the space it is searched in, its true neighbours, the constraints."""
