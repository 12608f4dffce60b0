//! Floor 4: the heart. Giving, counting, taking back.
