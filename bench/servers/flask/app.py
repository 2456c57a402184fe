"""The quickstart's USSD route with Flask."""

from flask import Flask, Response, request

app = Flask(__name__)


@app.post("/api/ussd/session")
def session():
    form = request.form
    return Response(screen(form.get("text", ""), form.get("phoneNumber", "")), mimetype="text/plain")


def screen(text, number):
    if text == "":
        return "CON What would you want to check\n1. My Account\n2. My phone number"
    if text == "1":
        return "CON Choose account information you want to view\n1. Account number"
    if text == "1*1":
        return "END Your account number is ACC1001"
    if text == "2":
        return "END Your phone number is " + number
    return "END Invalid choice"
