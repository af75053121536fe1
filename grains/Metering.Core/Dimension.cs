namespace Metering.Core;

/// <summary>One attribute of usage, such as model = gpt-4. A line's dimensions are sorted by name (ordinal), each name once.</summary>
public readonly record struct Dimension(string Name, string Value);
