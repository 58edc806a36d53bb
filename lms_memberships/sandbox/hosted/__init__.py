"""What happens behind the hosted pages."""
