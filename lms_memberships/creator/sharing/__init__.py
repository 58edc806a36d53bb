"""How does a creator bring people to a membership? Its address, a button and a card for other sites (V27)."""
