namespace Metering.LoadTest.Run;

/// <summary>How the charges of a call are written and how its answer is read.</summary>
internal interface IChargeFormat
{
    /// <summary>Writes the charges of a call into its payload.</summary>
    void Write(ChargeCall call);

    /// <summary>Reads one outcome for each charge, in order, from the body of an answer.</summary>
    /// <exception cref="LoadException">The answer is not what was promised.</exception>
    void Read(ReadOnlySpan<byte> answer, Span<Outcome> outcomes);
}
