"""Templates: where they come from, who may be contacted for them, their releases, and how they are rendered."""
