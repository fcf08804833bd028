"""What goes wrong on purpose, and the limits that bite: rules, throttling, hanging calls.

    rule      one fault as plain data: which calls, which of them, what happens
    codes     which error codes a service has, and how it says "too many requests"
    table     the rules in force; decides, call by call, by count and seed
    hanging   calls that get no answer, until they are released
    figures   how many calls AWS allows
    limits    the buckets that hold calls to these figures
    files     rules from a YAML or JSON file

Nothing here knows a service's behaviour, and nothing here sleeps.
"""
