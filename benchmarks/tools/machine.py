"""Tell asv about this machine under a name that follows from its hardware, and print the name.

`asv machine --machine NAME` alone would store the name and nothing else.
"""

from asv.machine import Machine, MachineCollection

from kmbench.instruments import describe_host, machine_name

if __name__ == "__main__":
    name = machine_name(describe_host())
    MachineCollection.save(name, Machine.get_defaults() | {"machine": name})
    print(name)
