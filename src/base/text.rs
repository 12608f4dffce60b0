//! Text from people: folding, measuring, shortening, masking.
