namespace Metering.Silo.Storage.Embedded;

/// <summary>The data directory cannot be used. The message is one line for the operator: which directory, and why.</summary>
public class DataDirectoryException : Exception
{
    public DataDirectoryException(string message)
        : base(message)
    {
    }

    public DataDirectoryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Another process works in the data directory.</summary>
public sealed class DataDirectoryInUseException : DataDirectoryException
{
    public DataDirectoryInUseException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
