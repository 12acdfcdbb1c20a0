// Tests of Delivery
