"""Small answers, written as a vCenter writes them."""

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:vim25="urn:vim25">\n<soapenv:Body>'
)


def tree(content):
    """A whole envelope around the body's content; names of the API are in its namespace."""
    inside = content.replace("Response>", 'Response xmlns="urn:vim25">', 1).replace("Response/>", 'Response xmlns="urn:vim25"/>', 1)
    return f"{HEAD}{inside}</soapenv:Body></soapenv:Envelope>".encode()


def prop(path, kind, content, **attributes):
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<propSet><name>{path}</name><val xsi:type="{kind}"{more}>{content}</val></propSet>'


def obj(*parts, moref="vm-1", kind="VirtualMachine"):
    return f'<objects><obj type="{kind}">{moref}</obj>{"".join(parts)}</objects>'


def page(*objects, token="", call="RetrievePropertiesEx"):
    told = f"<token>{token}</token>" if token else ""
    return tree(f"<{call}Response><returnval>{told}{' '.join(objects)}</returnval></{call}Response>")


def fault(detail):
    inside = f'<detail xmlns:f="urn:vim25">{detail}</detail>'.replace("Fault ", 'Fault xmlns="urn:vim25" ', 1)
    return (
        f"{HEAD}<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>it did not work</faultstring>{inside}</soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()
