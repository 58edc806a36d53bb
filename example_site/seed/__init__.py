"""What does the school start with? Texts, pictures, courses, sessions, products, people."""
