"""What a search takes: measured in processes of their own, and predicted by a cost model."""
