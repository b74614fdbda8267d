"""ui/mailbox"""
