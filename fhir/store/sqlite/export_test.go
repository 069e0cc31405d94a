package sqlite

// Unselective has every criterion with rows taken for an unselective one: tests make small data large with it.
func (s *Store) Unselective() { s.sample = sample{} }
