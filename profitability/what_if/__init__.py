"""What-if: levers on groups, products and costs, what customers are assumed to do about them, and what that comes to.

Pure: no Django, no clock, no database.

    levers      which levers there are, and the assumptions that each makes; no numpy, so that pages may import it
    base        the figures of a run as columns: where everything begins, and nothing of it is ever changed
    reactions   what each lever does to customers, cells and costs
    outcome     what a scenario comes to; no numpy either
    simulation  before, after, and the way from one to the other

The point of it: what an activity no longer does for customers who left still costs what its people and machines cost.
So cost to serve that falls with volume becomes unused capacity, and counts as profit only where a lever says that the
capacity itself is given up.
"""
