"""Every number right: worked examples, properties, second implementations and recorded judgments."""
