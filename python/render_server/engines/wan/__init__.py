"""What every engine of the Wan 2.2 TI2V-5B family shares: its sampling, its decoder, its memory."""
