"""Tests of the local Torii, over real HTTP on the loopback interface."""
