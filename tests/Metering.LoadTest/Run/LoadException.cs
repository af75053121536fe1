namespace Metering.LoadTest.Run;

/// <summary>The run cannot go on; the message is for the person who started it.</summary>
internal sealed class LoadException : Exception
{
    public LoadException(string message)
        : base(message)
    {
    }

    public LoadException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
