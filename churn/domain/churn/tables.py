"""The tables of the churn problem."""

from __future__ import annotations

from churn.domain.contracts import ColumnContract, Reference, Table
from churn.domain.expressions import Type

CUSTOMERS = Table(
    name="CUSTOMERS",
    entity="CUSTOMER_ID",
    columns=(
        ColumnContract(
            name="CUSTOMER_ID", type=Type.TEXT, key=True, description="names the customer"
        ),
        ColumnContract(
            name="SEGMENT",
            type=Type.TEXT,
            values=("Premium", "Standard", "Basic"),
            description="the customer's tier",
        ),
        ColumnContract(
            name="REGISTRATION_DATE", type=Type.DATE, description="the day the customer joined"
        ),
        ColumnContract(name="REGION", type=Type.TEXT, description="where the customer lives"),
    ),
)
"""Attributes as they are today: nothing says since when, so the table is timeless."""

ORDERS = Table(
    name="ORDERS",
    entity="CUSTOMER_ID",
    time="ORDER_DATE",
    columns=(
        ColumnContract(name="ORDER_ID", type=Type.TEXT, key=True, description="names the order"),
        ColumnContract(
            name="CUSTOMER_ID",
            type=Type.TEXT,
            refers_to=Reference("CUSTOMERS", "CUSTOMER_ID"),
            description="who ordered",
        ),
        ColumnContract(
            name="ORDER_DATE",
            type=Type.DATE,
            not_before=Reference("CUSTOMERS", "REGISTRATION_DATE"),
            description="the day of the order",
        ),
        ColumnContract(
            name="ORDER_AMOUNT", type=Type.FLOAT, minimum=0, description="what the order was worth"
        ),
        ColumnContract(
            name="STATUS",
            type=Type.TEXT,
            values=("FULFILLED", "RETURNED", "CANCELLED"),
            description="what became of the order",
        ),
    ),
)
