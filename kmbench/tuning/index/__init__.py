"""The index: its kinds, the training of its lists, and the files built for one problem."""
