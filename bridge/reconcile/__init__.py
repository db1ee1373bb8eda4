"""What was published, compared with what the vendor's lists say; and what is missing, published."""
