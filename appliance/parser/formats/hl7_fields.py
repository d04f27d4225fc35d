"""What the fields of HL7 v2 segments are called (HL7 2.5.1, chapters 2 to 7), and which name a person."""

SEGMENTS = {
    "MSH": "Message", "EVN": "Event", "PID": "Patient", "PD1": "Patient", "NK1": "Next of kin", "PV1": "Visit",
    "PV2": "Visit", "OBR": "Order", "ORC": "Order", "OBX": "Observation", "AL1": "Allergy", "DG1": "Diagnosis",
    "PR1": "Procedure", "GT1": "Guarantor", "IN1": "Insurance", "IN2": "Insurance", "RXA": "Administration",
    "RXO": "Prescription", "RXE": "Prescription", "TXA": "Document", "SPM": "Specimen", "SCH": "Appointment",
}  # fmt: skip
"""A word for each segment, put before the number of a field that has no label."""

LABELS: dict[str, dict[int, str]] = {
    "MSH": {3: "Sending application", 4: "Sending facility", 5: "Receiving application", 6: "Receiving facility",
            7: "Message time", 9: "Message type", 10: "Message control id", 11: "Processing id", 12: "Version"},
    "EVN": {1: "Event type", 2: "Recorded", 5: "Operator", 6: "Event occurred"},
    "PID": {1: "Set", 2: "Patient ID", 3: "MRN", 4: "Alternate patient ID", 5: "Patient name",
            6: "Mother's maiden name", 7: "Date of birth", 8: "Sex", 9: "Patient alias", 10: "Race",
            11: "Patient address", 12: "County", 13: "Home phone", 14: "Business phone", 15: "Language",
            16: "Marital status", 17: "Religion", 18: "Account number", 19: "SSN", 20: "Driver's license number",
            23: "Birth place", 29: "Date of death", 30: "Died"},
    "NK1": {1: "Set", 2: "Next of kin name", 3: "Relationship", 4: "Address", 5: "Phone", 6: "Business phone"},
    "PV1": {1: "Set", 2: "Patient class", 3: "Location", 4: "Admission type", 7: "Attending doctor",
            8: "Referring doctor", 9: "Consulting doctor", 10: "Hospital service", 14: "Admit source",
            17: "Admitting doctor", 19: "Visit number", 36: "Discharge disposition", 44: "Admitted",
            45: "Discharged"},
    "ORC": {1: "Order control", 2: "Placer order", 3: "Filler order", 5: "Order status", 9: "Transaction time",
            10: "Entered by", 12: "Ordering provider"},
    "OBR": {1: "Set", 2: "Placer order", 3: "Filler order", 4: "Service", 7: "Observed", 8: "Observation end",
            13: "Clinical information", 14: "Specimen received", 16: "Ordering provider", 22: "Reported",
            24: "Section", 25: "Result status", 31: "Reason", 32: "Interpreter"},
    "OBX": {1: "Set", 2: "Value type", 3: "Observation", 4: "Sub-id", 5: "Value", 6: "Units",
            7: "Reference range", 8: "Abnormal", 11: "Status", 14: "Observed", 16: "Observer", 17: "Method"},
    "AL1": {1: "Set", 2: "Allergy type", 3: "Allergen", 4: "Severity", 5: "Reaction", 6: "Identified"},
    "DG1": {1: "Set", 2: "Coding", 3: "Diagnosis code", 4: "Diagnosis", 5: "Diagnosed", 6: "Diagnosis type",
            16: "Diagnosing clinician"},
    "PR1": {1: "Set", 3: "Procedure code", 4: "Procedure", 5: "Performed", 11: "Surgeon"},
    "GT1": {1: "Set", 2: "Guarantor number", 3: "Guarantor name", 5: "Guarantor address", 6: "Guarantor phone",
            8: "Guarantor date of birth", 12: "Guarantor SSN"},
    "IN1": {1: "Set", 2: "Plan", 3: "Insurer id", 4: "Insurer", 5: "Insurer address", 8: "Group number",
            16: "Name of insured", 17: "Relationship", 18: "Insured's date of birth", 19: "Insured's address",
            36: "Policy number", 49: "Insured's ID number"},
    "RXA": {3: "Started", 4: "Ended", 5: "Medication", 6: "Amount", 7: "Units", 10: "Administered by"},
    "RXE": {1: "Timing", 2: "Medication", 3: "Amount", 5: "Units", 7: "Instructions", 13: "Ordering provider"},
    "TXA": {1: "Set", 2: "Document type", 4: "Activity time", 9: "Originator", 12: "Document number",
            17: "Completion status"},
}  # fmt: skip

NAMES = frozenset(
    [("PID", 5), ("PID", 6), ("PID", 9), ("NK1", 2), ("GT1", 3), ("IN1", 16), ("EVN", 5), ("OBX", 16), ("OBR", 16)]
    + [("OBR", 32), ("ORC", 10), ("ORC", 12), ("DG1", 16), ("PR1", 11), ("RXA", 10), ("RXE", 13), ("TXA", 9)]
    + [("PV1", number) for number in (7, 8, 9, 17)]
)
"""Fields that hold names of people (XPN and XCN)."""

KNOWN: dict[str, dict[int, str]] = {
    "PID": {2: "MEDICAL_RECORD", 3: "MEDICAL_RECORD", 4: "MEDICAL_RECORD", 5: "PERSON", 6: "PERSON", 7: "DATE_TIME",
            9: "PERSON", 11: "LOCATION", 13: "PHONE_NUMBER", 14: "PHONE_NUMBER", 18: "ACCOUNT_NUMBER",
            19: "US_SSN", 20: "ID"},
    "NK1": {2: "PERSON", 4: "LOCATION", 5: "PHONE_NUMBER"},
    "GT1": {3: "PERSON", 5: "LOCATION", 6: "PHONE_NUMBER", 8: "DATE_TIME", 12: "US_SSN"},
    "IN1": {16: "PERSON", 18: "DATE_TIME", 19: "LOCATION", 36: "ID", 49: "ID"},
}  # fmt: skip
"""Types of policies/README.md by the number of the field."""
