namespace Metering.Cluster.Checking;

/// <summary>Usage that a caller was told of; negative when it was given back.</summary>
internal readonly record struct UsageLine(string Account, string Meter, string Team, decimal Quantity, decimal Credits);
