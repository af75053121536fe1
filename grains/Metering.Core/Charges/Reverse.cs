namespace Metering.Core.Charges;

/// <summary>Gives a charge back.</summary>
/// <param name="Id">The caller's id of this reversal.</param>
/// <param name="Charge">The charge or settle.</param>
/// <param name="Quantity">How much of its only line, above zero; null for all that is left.</param>
public sealed record Reverse(string Id, string Charge, Quantity? Quantity);
