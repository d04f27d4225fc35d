#!/bin/sh
# Stands for an office suite that a document took over: writes down what it could reach.
mkdir -p /tmp/out
{
    cat "$(dirname "$0")/../../pyproject.toml" >/dev/null 2>&1 && echo "read the repository"
    ls /root /home/* >/dev/null 2>&1 && echo "read a home"
    echo x >"$(dirname "$0")/written" 2>/dev/null && echo "wrote beside the program"
    echo x >/var/tmp/appliance-hostile-office 2>/dev/null && echo "wrote to the disk"
    for pid in /proc/[0-9]*; do [ "$(cat "$pid/comm" 2>/dev/null)" = pytest ] && echo "saw the tests"; done
    [ "$(ls /sys/class/net 2>/dev/null | grep -cv lo)" -gt 0 ] && echo "saw a network"
    env | grep -q CANARY && echo "had the environment"
    cat /tmp/document.doc
} >/tmp/out/document.docx
