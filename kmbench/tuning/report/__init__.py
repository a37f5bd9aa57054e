"""What a person sees of a tuning: sentences, rows, the figure, the page."""
