namespace Metering.Contracts.Settings;

/// <summary>A setting cannot be used; the message is one line that names it, for whoever started the process.</summary>
public sealed class SettingsException(string message) : Exception(message);
