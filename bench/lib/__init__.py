"""What benchmarks share: processes pinned to cores, CPU time, raw clients, tables."""
