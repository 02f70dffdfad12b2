"""Renders one clip at a time, behind HTTP on a unix socket. Knows pictures and engines; knows nothing of chats or queues."""
