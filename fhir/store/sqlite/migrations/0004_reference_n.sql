-- What a resource refers to, and the id of a resource that is known by its number: chains and _has walk references both ways.
CREATE INDEX reference_n ON reference (slot, n);
CREATE INDEX resource_n ON resource (type, n);
