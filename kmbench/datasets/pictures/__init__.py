"""Pictures read as a viewer shows them: in sRGB, whatever their profile, gamma, depth and kind of file."""
