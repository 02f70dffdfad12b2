"""Renders one clip at a time, behind HTTP on a unix socket. Knows nothing of chats or queues."""
