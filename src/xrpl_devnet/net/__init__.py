"""Sockets: one protocol class that speaks HTTP/1.1 and WebSocket on every port."""
